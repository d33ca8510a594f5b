"""Ports that a person plugs on this host: for QEMU without libvirt, or for any interface there is."""
