bind = "127.0.0.1:8000"
workers = 4
graceful_timeout = 1  # a worker that is told to end while it starts does not hear it
