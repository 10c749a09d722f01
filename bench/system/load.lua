-- What wrk sends: one kind of request, each with an idempotency key of its own and a body.
--
-- wrk ... -- KIND RUN WALLETS API_KEY: KIND is authorize, debit, settle (authorizations, and a
-- capture of each) or batch; RUN is a text that no earlier run had; WALLETS is w100 for the wallets
-- w0 to w99.

local threads = 0

function setup(thread)
  thread:set("number", threads)
  threads = threads + 1
end

local operations_per_batch = 500
local kind, prefix, wallet_prefix, wallets, headers
local count = 0
local authorized = {}

function init(args)
  kind = args[1]
  wallet_prefix, wallets = string.match(args[3], "^(%a+)(%d+)$")
  wallets = tonumber(wallets)
  prefix = string.format("%s-%d-", args[2], number)
  headers = {
    ["Authorization"] = "Bearer " .. args[4],
    ["Content-Type"] = "application/json",
  }
  math.randomseed(os.time() * 16 + number)
  if kind == "settle" then response = take_id end
  if kind == "batch" then response = check_batch else wrk.response = nil end
end

local function key()
  count = count + 1
  return prefix .. count
end

local function wallet()
  return wallet_prefix .. math.random(0, wallets - 1)
end

local function post(path, body)
  headers["Idempotency-Key"] = key()
  return wrk.format("POST", path, headers, body)
end

local function authorize()
  return post("/v1/authorize",
    '{"wallet":"' .. wallet() .. '","asset":"USD","amount":"0.0164","ttl_seconds":600}')
end

local function debit()
  return post("/v1/debits", '{"wallet":"' .. wallet() .. '","asset":"USD","amount":"0.0164"}')
end

local function settle()
  local id = table.remove(authorized)
  if id == nil then return authorize() end
  return post("/v1/authorizations/" .. id .. "/capture", '{"amount":"0.0091"}')
end

local function batch()
  local lines = {}
  for i = 1, operations_per_batch do
    lines[i] = '{"op":"debit","idempotency_key":"' .. key() .. '","wallet":"' .. wallet() ..
      '","asset":"USD","amount":"0.0164"}'
  end
  headers["Idempotency-Key"] = nil
  return wrk.format("POST", "/v1/batch", headers,
    '{"operations":[' .. table.concat(lines, ",") .. "]}")
end

local kinds = { authorize = authorize, debit = debit, settle = settle, batch = batch }

function request()
  return kinds[kind]()
end

function take_id(status, _, body)
  if status ~= 201 then return end
  local id = string.match(body, '^{"id":"(auth_[^"]+)"')
  if id ~= nil then authorized[#authorized + 1] = id end
end

-- A batch that declines its operations would be quick.
function check_batch(status, _, body)
  if status == 200 and not string.find(body, '^{"results":%[{"status":201,') then
    error("a batch was not executed: " .. string.sub(body, 1, 300))
  end
end

-- The last line of the output is what compare.py reads.
function done(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    '\n{"requests": %d, "microseconds": %d, "bytes": %d, "bad_status": %d, "broken": %d, ' ..
    '"p50_us": %d, "p90_us": %d, "p99_us": %d, "p999_us": %d, "max_us": %d}\n',
    summary.requests, summary.duration, summary.bytes, errors.status,
    errors.connect + errors.read + errors.write + errors.timeout,
    latency:percentile(50), latency:percentile(90), latency:percentile(99),
    latency:percentile(99.9), latency.max))
end
