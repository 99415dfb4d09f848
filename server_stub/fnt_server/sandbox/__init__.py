"""The pipeline in a process of its own, with limits on what a step and the process may do."""
