-- Sends the requests of a file, again and again, until so many are answered; ends wrk then, as Ctrl-C would.
local ffi = require("ffi")
ffi.cdef("int getpid(void); int kill(int pid, int signal);")
local requests, at, answered, wanted = {}, 0, 0, 0

function init(args)
  local file = assert(io.open(args[1], "rb"))
  wanted = tonumber(args[2])
  for length in function() return file:read("*l") end do
    requests[#requests + 1] = file:read(tonumber(length))
  end
  file:close()
end

function request()
  at = at % #requests + 1
  return requests[at]
end

function response()
  answered = answered + 1
  if answered == wanted then
    wrk.thread:stop()
    ffi.C.kill(ffi.C.getpid(), 2)
  end
end

function done(summary, latency)
  local errors = summary.errors
  io.write(string.format('{"answers": %d, "seconds": %f, "p50": %f, "p90": %f, "p99": %f, "refused": %d, "broken": %d}\n',
    summary.requests, summary.duration / 1e6, latency:percentile(50) / 1e3, latency:percentile(90) / 1e3,
    latency:percentile(99) / 1e3, errors.status, errors.connect + errors.read + errors.write + errors.timeout))
end
