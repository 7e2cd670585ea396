bind = "unix:/lab/run/gunicorn.sock"
workers = 2
preload_app = False
graceful_timeout = 1  # a worker that is told to end while it starts does not hear it
