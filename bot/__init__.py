"""The shell: Slack, the command line, the cluster and the engine between them. Asynchronous throughout."""
