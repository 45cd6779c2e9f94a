# Installs midfill from this folder, without any network.
#
#   powershell -ExecutionPolicy Bypass -File install.ps1 [-Target FOLDER] [-Python PYTHON]
param(
    [string]$Target = (Join-Path $env:LOCALAPPDATA "midfill-app"),
    [string]$Python = "python"
)
$ErrorActionPreference = "Stop"
$here = $PSScriptRoot
$supported = "@PYTHONS@".Split(" ")

function Fail([string]$words) {
    [Console]::Error.WriteLine("install.ps1: $words")
    exit 1
}

if (-not (Get-Command $Python -ErrorAction SilentlyContinue)) {
    Fail "no $Python; use -Python with one of: $supported"
}
$version = & $Python -c "import sys; print('%d.%d' % sys.version_info[:2])"
if ($supported -notcontains $version) {
    Fail "$Python is Python $version, this bundle is for $supported; use -Python"
}

Write-Output "checking every file"
& $Python -I -B (Join-Path $here "verify.py")
if ($LASTEXITCODE) { Fail "the bundle is damaged; copy it again" }

if ((Test-Path $Target) -and -not (Test-Path (Join-Path $Target "pyvenv.cfg"))) {
    Fail "$Target is there and no environment of midfill; choose another folder"
}
Write-Output "installing into $Target"
& $Python -m venv --clear $Target
if ($LASTEXITCODE) { Fail "this Python cannot make environments" }
$bin = Join-Path $Target "Scripts"
$env:PIP_CONFIG_FILE = "nul"
& (Join-Path $bin "python.exe") -m pip --isolated install --quiet --no-index --no-cache-dir `
    --disable-pip-version-check --find-links (Join-Path $here "wheels") --require-hashes `
    --requirement (Join-Path $here "requirements.txt")
if ($LASTEXITCODE) { Fail "pip failed, see above" }

Get-ChildItem (Join-Path $here "models") -Filter *.tar -ErrorAction SilentlyContinue |
    ForEach-Object {
        & (Join-Path $bin "midfill.exe") models import $_.FullName
        if ($LASTEXITCODE) { Fail "a model could not be imported, see above" }
    }

& (Join-Path $bin "midfill.exe") doctor
if ($LASTEXITCODE) { Fail "installed, but something does not work yet: see above" }
Write-Output "done: $(Join-Path $bin 'midfill.exe') serve --stdio"
Write-Output "editors: see $(Join-Path $here 'editors')"
