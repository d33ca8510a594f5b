"""The agent: one per host, plugs the workloads of that host into their networks."""
