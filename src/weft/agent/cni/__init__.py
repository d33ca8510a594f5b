"""The Container Network Interface: containerd's, podman's and Kubernetes' way to a port."""
