<?php
header('Content-Type: text/plain');
header('X-Lab-Trial: ' . getenv('LAB_TRIAL'));
usleep(1500000); // as for a slow query, or another server's answer
echo "ok\n";
