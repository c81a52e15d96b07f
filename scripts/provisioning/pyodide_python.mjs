// A command line like CPython's for Pyodide under node: CPython itself reads the arguments.
import fs from "node:fs";
import { loadPyodide } from "pyodide";

// Emscripten has these folders of its own; the machine's would hide them.
const OWN_FOLDERS = new Set(["dev", "lib", "proc", "sys"]);

const writeAll = (descriptor) => (bytes) => {
  for (let done = 0; done < bytes.length; ) {
    try {
      done += fs.writeSync(descriptor, bytes, done);
    } catch (error) {
      if (error.code !== "EAGAIN") throw error; // a full pipe that does not block: try again
    }
  }
  return bytes.length;
};

const readSome = () => {
  const bytes = Buffer.alloc(65536);
  const count = fs.readSync(0, bytes, 0, bytes.length);
  return count ? bytes.subarray(0, count) : null;
};

// Gives Python the machine's files under their own names.
function mountMachine(FS) {
  for (const entry of fs.readdirSync("/", { withFileTypes: true })) {
    const folder = `/${entry.name}`;
    if (OWN_FOLDERS.has(entry.name) || !fs.statSync(folder, { throwIfNoEntry: false })?.isDirectory())
      continue;
    if (!FS.analyzePath(folder).exists) FS.mkdir(folder);
    FS.mount(FS.filesystems.NODEFS, { root: folder }, folder);
  }
  FS.chdir(process.cwd());
}

// Leaves with Python's own status (SystemExit), else with 1.
function leave(error) {
  if (error?.status === undefined) console.error(error);
  process.exit(error?.status ?? 1);
}

try {
  const python = await loadPyodide({
    args: process.argv.slice(2),
    _sysExecutable: process.env.PYODIDE_EXECUTABLE ?? process.argv[1],
    // Set to anything else, or unset, PYTHONINSPECT would leave Python waiting after its program.
    env: { HOME: "/", ...process.env, PYTHONINSPECT: "" },
    fullStdLib: false,
    jsglobals: globalThis,
    fsInit: async (FS) => mountMachine(FS),
    stdout: (line) => fs.writeSync(1, `${line}\n`),
    stderr: (line) => fs.writeSync(2, `${line}\n`),
  });
  python.setStdout({ write: writeAll(1) });
  python.setStderr({ write: writeAll(2) });
  python.setStdin({ stdin: readSome });
  process.exit(python._module._run_main());
} catch (error) {
  leave(error);
}
