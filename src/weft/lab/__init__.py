"""A mini data centre on one machine: hosts are network and mount namespaces, everything else is real."""
