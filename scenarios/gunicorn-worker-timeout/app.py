import os
import time


def application(environ, start_response):
    time.sleep(3)  # what the report's query takes
    start_response("200 OK", [("Content-Type", "text/plain"), ("X-Lab-Trial", os.environ["LAB_TRIAL"])])
    return [b"ok\n"]
