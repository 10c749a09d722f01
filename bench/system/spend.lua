-- What Faregate's debit does, for Redis: EVALSHA SHA 0 RANDOM WALLETS AMOUNT. RANDOM chooses the
-- wallet and is the idempotency key. One step, as Redis runs one script at a time: check, debit,
-- the answer kept under the key, an entry in a log.
local key = 'key:' .. ARGV[1]
local before = redis.call('GET', key)
if before then return before end
local wallet = 'wallet:' .. (tonumber(ARGV[1]) % tonumber(ARGV[2]))
local amount = tonumber(ARGV[3])
local available = tonumber(redis.call('HGET', wallet, 'available') or '0')
local answer
if available < amount then
  answer = 'insufficient_funds'
else
  redis.call('HINCRBY', wallet, 'available', -amount)
  answer = redis.call('XADD', 'entries', '*', 'wallet', wallet, 'amount', amount)
end
redis.call('SET', key, answer, 'EX', 86400)
return answer
