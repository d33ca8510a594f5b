"""OpenStack's networks on Weft: a mechanism driver for Neutron's ML2, and the worker that mirrors.

The driver writes a line into a journal, in Neutron's own transactions, and nothing else; the worker, a
process of its own, reads what Neutron holds now and PUTs it into Weft. Installed in Neutron's environment: it
imports what OpenStack pins, Weft's client and Weft's model.
"""
