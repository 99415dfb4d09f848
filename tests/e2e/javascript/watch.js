// Watches a job with socket.io-client; each thing a client learns is a line of JSON on stdout.
const { url, token, jobId, watchers } = JSON.parse(process.argv[2]);
const FINAL = ["completed", "failed", "cancelled"];

for (const { client, transports } of watchers) {
  const { io } = require(client);
  const name = `${client} ${transports ? transports.join() : "default"}`;
  const tell = (event, more) => console.log(JSON.stringify({ name, event, ...more }));

  const socket = io(url, { auth: { token }, ...(transports && { transports }) });

  const see = (event, job) => {
    tell(event, { job });
    if (FINAL.includes(job.status)) {
      tell("end", { transport: socket.io.engine.transport.name });
      socket.disconnect();
    }
  };
  socket.on("connect", () => {
    socket.emit("join_job", { job_id: jobId }, (answer) => see("joined", answer.job));
  });
  socket.on("job_progress", (job) => see("progress", job));
  socket.on("connect_error", (error) => tell("connect_error", { message: error.message }));
  socket.on("disconnect", (reason) => tell("disconnect", { reason }));
  socket.on("error", (error) => tell("error", error));
}
