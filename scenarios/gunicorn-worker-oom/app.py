import os


def application(environ, start_response):
    rows = b"x" * (96 << 20)  # the whole export in memory
    body = b"ok, %d bytes\n" % len(rows)
    start_response("200 OK", [("Content-Type", "text/plain"), ("X-Lab-Trial", os.environ["LAB_TRIAL"])])
    return [body]
