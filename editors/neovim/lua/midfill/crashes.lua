--- How often a server that dies is started again, and when to stop trying.
local M = {
  ---Crashes within so many seconds count together.
  WINDOW_S = 60,
}

---Waits before the restarts that follow the earlier crashes; the one after them is the last.
local WAITS_MS = { 500, 2000 }

---@type number[] times of the latest crashes, in seconds
local crashes = {}

---A crash happened.
---@return integer? wait_ms how long to wait before the next start; nil for no more starts
---@return integer count crashes within the window
function M.count()
  local now = vim.uv.now() / 1000
  crashes = vim.tbl_filter(function(at)
    return now - at < M.WINDOW_S
  end, crashes)
  crashes[#crashes + 1] = now
  return WAITS_MS[#crashes], #crashes
end

---The user asked for another try.
function M.forget()
  crashes = {}
end

return M
