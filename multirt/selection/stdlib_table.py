"""The top-level modules of CPython's standard library, of all versions from 2.7 to 3.15.

`scripts/update_stdlib_table` writes it from the runtimes of a machine.
"""

from __future__ import annotations

_NAMES = """
    __builtin__ __future__ __hello__ __main__ __phello__ _abc _abcoll _aix_support
    _android_support _apple_support _ast _ast_unparse _asyncio _bisect _blake2 _bootlocale
    _bootsubprocess _bz2 _codecs _codecs_cn _codecs_hk _codecs_iso2022 _codecs_jp _codecs_kr
    _codecs_tw _collections _collections_abc _colorize _compat_pickle _compression _contextvars
    _crypt _csv _ctypes _curses _curses_panel _datetime _dbm _decimal _dummy_thread _elementtree
    _frozen_importlib _frozen_importlib_external _functools _gdbm _hashlib _heapq _hmac _hotshot
    _imp _interpchannels _interpqueues _interpreters _io _json _locale _lsprof _lzma _markupbase
    _math_integer _md5 _missing_stdlib_info _msi _multibytecodec _multiprocessing _opcode
    _opcode_metadata _operator _osx_support _overlapped _peg_parser _pickle _posixshmem
    _posixsubprocess _py_abc _py_warnings _pydatetime _pydecimal _pyio _pylong _pyrepl _queue
    _random _remote_debugging _scproxy _sha _sha1 _sha2 _sha256 _sha3 _sha512 _signal
    _sitebuiltins _socket _sqlite3 _sre _ssl _stat _statistics _string _strptime _struct
    _suggestions _symtable _sysconfig _sysconfigdata _testbuffer _testclinic _testclinic_limited
    _testexternalinspection _testimportmultiple _testinternalcapi _testlimitedcapi
    _testsinglephase _thread _threading_local _tkinter _tokenize _tracemalloc _types _typing
    _uuid _warnings _weakref _weakrefset _winapi _xxinterpchannels _xxsubinterpreters
    _xxtestfuzz _zoneinfo _zstd abc aifc annotationlib antigravity anydbm argparse array ast
    asynchat asyncio asyncore atexit audiodev audioop base64 BaseHTTPServer Bastion bdb binascii
    binhex bisect builtins bz2 calendar Canvas CDROM cgi CGIHTTPServer cgitb chunk cmath cmd
    code codecs codeop collections colorsys commands compileall compiler compression concurrent
    ConfigParser configparser contextlib contextvars Cookie cookielib copy copy_reg copyreg
    cPickle cProfile crypt cStringIO csv ctypes curses dataclasses datetime dbm decimal Dialog
    difflib dircache dis distutils DLFCN doctest DocXMLRPCServer dumbdbm dummy_thread
    dummy_threading email encodings ensurepip enum errno exceptions faulthandler fcntl filecmp
    FileDialog fileinput FixTk fnmatch formatter fpformat fractions ftplib functools
    future_builtins gc genericpath getopt getpass gettext glob graphlib grp gzip hashlib heapq
    hmac hotshot html htmlentitydefs htmllib HTMLParser http httplib idlelib ihooks imaplib
    imghdr imp importlib imputil IN inspect io ipaddress itertools json keyword lib2to3
    linecache linuxaudiodev locale logging lzma macpath macurl2path mailbox mailcap markupbase
    marshal math md5 mhlib mimetools mimetypes MimeWriter mimify mmap modulefinder msilib msvcrt
    multifile multiprocessing mutex netrc new nis nntplib nt ntpath nturl2path numbers opcode
    operator optparse os os2emxpath ossaudiodev parser pathlib pdb pickle pickletools pipes
    pkgutil platform plistlib popen2 poplib posix posixfile posixpath pprint profile profiling
    pstats pty pwd py_compile pyclbr pydoc pydoc_data pyexpat Queue queue quopri random re
    readline repr reprlib resource rexec rfc822 rlcompleter robotparser runpy sched ScrolledText
    secrets select selectors sets sgmllib sha shelve shlex shutil signal SimpleDialog
    SimpleHTTPServer SimpleXMLRPCServer site smtpd smtplib sndhdr socket SocketServer
    socketserver spwd sqlite3 sre sre_compile sre_constants sre_parse ssl stat statistics
    statvfs string StringIO stringold stringprep strop struct subprocess sunau sunaudio symbol
    symtable sys sysconfig syslog tabnanny tarfile telnetlib tempfile termios test textwrap this
    thread threading time timeit Tix tkColorChooser tkCommonDialog Tkconstants Tkdnd
    tkFileDialog tkFont Tkinter tkinter tkMessageBox tkSimpleDialog toaiff token tokenize
    tomllib trace traceback tracemalloc ttk tty turtle turtledemo TYPES types typing unicodedata
    unittest urllib urllib2 urlparse user UserDict UserList UserString uu uuid venv warnings
    wave weakref webbrowser whichdb winreg winsound wsgiref xdrlib xml xmllib xmlrpc xmlrpclib
    xxlimited xxlimited_35 xxlimited_3_13 xxsubtype zipapp zipfile zipimport zlib zoneinfo
"""
STANDARD_MODULES = frozenset(_NAMES.split())
