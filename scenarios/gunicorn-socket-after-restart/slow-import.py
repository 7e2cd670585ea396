import os
import time

time.sleep(4)  # what the import of a large app takes


def application(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain"), ("X-Lab-Trial", os.environ["LAB_TRIAL"])])
    return [b"ok\n"]
