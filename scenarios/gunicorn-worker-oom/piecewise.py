import os


def application(environ, start_response):
    size = sum(len(b"x" * (1 << 20)) for _ in range(96))  # a megabyte at a time
    body = b"ok, %d bytes\n" % size
    start_response("200 OK", [("Content-Type", "text/plain"), ("X-Lab-Trial", os.environ["LAB_TRIAL"])])
    return [body]
