<?php
header('Content-Type: text/plain');
header('X-Lab-Trial: ' . getenv('LAB_TRIAL'));
header('Content-Length: 1000');
echo str_repeat('x', 400);
