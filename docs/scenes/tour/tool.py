import sys

print("Python", sys.version.split()[0], "got", sys.argv[1:])
