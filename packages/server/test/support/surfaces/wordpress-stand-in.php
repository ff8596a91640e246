<?php
/** As much of WordPress as an upload passes (wp-admin/includes/file.php, `_wp_handle_upload`): the filter, then the move. Not WordPress's code. */
$filters = [];
function add_filter($name, $callback, $priority = 10)
{
    global $filters;
    $filters[$name][$priority][] = $callback;
}
function apply_filters($name, $value)
{
    global $filters;
    $all = $filters[$name] ?? [];
    ksort($all);
    foreach ($all as $callbacks) {
        foreach ($callbacks as $callback) {
            $value = $callback($value);
        }
    }
    return $value;
}
foreach (['GATEHOUSE_URL', 'GATEHOUSE_KEY', 'GATEHOUSE_TIMEOUT_S'] as $name) {
    if (getenv($name) !== false) {
        define($name, getenv($name));
    }
}
if (getenv('GATEHOUSE_ACCEPTS_STUB') !== false) {
    define('GATEHOUSE_ACCEPTS_STUB', true);
}
require getenv('PLUGIN');

// What other plugins do before: a number that is no error to WordPress, or a file that is another one than a moment ago.
if (getenv('BEFORE') === 'error') {
    add_filter('wp_handle_upload_prefilter', fn ($file) => ['error' => getenv('ERROR')] + $file);
}
if (getenv('BEFORE') === 'grown') {
    add_filter('wp_handle_upload_prefilter', function ($file) {
        filesize($file['tmp_name']);
        // By another program, so that PHP's memory of the size stays.
        exec('cat ' . escapeshellarg(getenv('MORE')) . ' >> ' . escapeshellarg($file['tmp_name']));
        return $file;
    });
}

$action = $_GET['action'] ?? 'wp_handle_upload';
header('content-type: application/json');
if ($action === 'wp_upload_bits') {
    // wp-includes/functions.php, `wp_upload_bits`, as XML-RPC calls it.
    $given = $_FILES['async-upload'];
    $bits = file_get_contents($given['tmp_name']);
    $result = apply_filters('wp_upload_bits', ['name' => $given['name'], 'bits' => $bits, 'time' => null]);
    if (!is_array($result)) {
        exit(json_encode(['error' => $result]));
    }
    file_put_contents(getenv('UPLOADS') . '/' . basename($given['name']), $bits);
    exit(json_encode(['file' => basename($given['name'])]));
}
$file = apply_filters("{$action}_prefilter", $_FILES['async-upload']);
if (isset($file['error']) && !is_numeric($file['error'])) {
    exit(json_encode(['error' => $file['error']]));
}
if ($file['error'] > 0) {
    exit(json_encode(['error' => 'PHP refused it']));
}
move_uploaded_file($file['tmp_name'], getenv('UPLOADS') . '/' . basename($file['name']));
echo json_encode(['file' => basename($file['name'])]);
