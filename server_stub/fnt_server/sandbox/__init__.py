"""Run the pipeline in its own process, with limits on each step and on the process."""
