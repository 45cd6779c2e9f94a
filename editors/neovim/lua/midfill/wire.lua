--- The running client, and talking through it.
local M = {
  ---@type vim.lsp.Client?
  client = nil,
  ---@type table<integer, 'stop'|'restart'> clients asked to leave, and what follows
  leaving = {},
}

---Client methods became methods in 0.11 and were plain functions before.
---@param name string
---@param ... any
---@return any ...
function M.call(name, ...)
  if vim.fn.has('nvim-0.11') == 1 then
    return M.client[name](M.client, ...)
  end
  return M.client[name](...)
end

---@return boolean
function M.is_alive()
  return M.client ~= nil and not M.leaving[M.client.id] and not M.call('is_stopped')
end

---@param bufnr integer
---@param method string
---@param params table
---@param answer fun(err: table?, result: any)
---@return integer? id for `cancel`
function M.request(bufnr, method, params, answer)
  if not M.is_alive() then
    return nil
  end
  local sent, id = M.call('request', method, params, answer, bufnr)
  return sent and id or nil
end

---@param id integer
function M.cancel(id)
  if M.is_alive() then
    M.call('cancel_request', id)
  end
end

---@param method string
---@param params table
function M.notify(method, params)
  if M.is_alive() then
    M.call('notify', method, params)
  end
end

---@return string 'utf-8', 'utf-16' or 'utf-32'
function M.encoding()
  return M.client and M.client.offset_encoding or 'utf-16'
end

---The document's version as the server knows it.
---@param bufnr integer
---@return integer?
function M.version(bufnr)
  return vim.lsp.util.buf_versions[bufnr]
end

return M
