"""What lies on the server's own machine: settings, CA, certificates, database; how it is made and saved."""
