"""One per host: finds workloads, asks the server for their ports, and plugs them into br-int."""
