"""What users declare: projects, networks, ports, groups, policies, QoS. Pure values, no I/O."""
