"""Serve a WSGI application of OpenStack's: `python wsgi.py MODULE PORT`. Runs in OpenStack's environment."""

import sys
from importlib import import_module

from waitress import serve

if __name__ == "__main__":
    module, port = sys.argv[1:]
    sys.argv = [module]  # OpenStack's configuration reads the rest of it
    serve(import_module(module).application, listen=f"127.0.0.1:{port}", threads=4)
