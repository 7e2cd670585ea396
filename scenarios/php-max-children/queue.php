<?php
header('Content-Type: text/plain');
header('X-Lab-Trial: ' . getenv('LAB_TRIAL'));
// The import is left to a queue's worker.
echo "ok\n";
