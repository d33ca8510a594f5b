"""The tables of Weft in Neutron's database, made by `neutron-db-manage upgrade head`."""
