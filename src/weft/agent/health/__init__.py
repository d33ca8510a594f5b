"""Is this machine fit to be a host? A thin shell gathers facts, pure checks turn them into findings."""
