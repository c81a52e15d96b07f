@rem multirt on Windows, where there is no native launcher.
@"%~dp0python.exe" -m multirt %*
