-- Requests for wrk: `wrk -s wrk.lua URL -- upload SOURCE | files LIST | ranges PATH SIZE LENGTH`. Prints its figures as JSON.
local next_request

local function read(path)
  local file = assert(io.open(path, 'rb'))
  local content = file:read('*a')
  file:close()
  return content
end

local function upload(source)
  local boundary = 'mayfly-bench-0123456789'
  local body = '--' .. boundary .. '\r\n'
    .. 'Content-Disposition: form-data; name="file"; filename="load.bin"\r\n'
    .. 'Content-Type: application/octet-stream\r\n\r\n'
    .. read(source) .. '\r\n--' .. boundary .. '--\r\n'
  local request = wrk.format('POST', '/', { ['Content-Type'] = 'multipart/form-data; boundary=' .. boundary }, body)
  return function() return request end
end

local function files(list)
  local requests = {}
  for path in read(list):gmatch('[^\n]+') do requests[#requests + 1] = wrk.format('GET', path) end
  local count = 0
  return function()
    count = count % #requests + 1
    return requests[count]
  end
end

local function ranges(path, size, length)
  return function()
    local start = math.random(0, size - length)
    return wrk.format('GET', path, { Range = 'bytes=' .. start .. '-' .. start + length - 1 })
  end
end

-- `args` starts with what follows `--`.
function init(args)
  if args[1] == 'upload' then next_request = upload(args[2])
  elseif args[1] == 'files' then next_request = files(args[2])
  else next_request = ranges(args[2], tonumber(args[3]), tonumber(args[4])) end
end

function request() return next_request() end

function done(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    '\n{"requests":%d,"seconds":%f,"p50":%f,"p99":%f,"max":%f,"failed":%d}\n',
    summary.requests, summary.duration / 1e6, latency:percentile(50) / 1e3, latency:percentile(99) / 1e3, latency.max / 1e3,
    errors.connect + errors.read + errors.write + errors.timeout + errors.status))
end
