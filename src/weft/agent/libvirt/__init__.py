"""Virtual machines of libvirt: their interfaces get ports as containers do, by themselves."""
