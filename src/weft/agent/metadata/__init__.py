"""Virtual machines of this host are told of themselves at 169.254.169.254, each network apart."""
