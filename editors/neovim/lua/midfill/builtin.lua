--- Neovim 0.12's own inline completion, with an accept that cannot corrupt text.
---
--- Neovim's accept replaces the range of the answer, and what was typed since stays behind it.
--- This one replaces up to the cursor, and only if what stands there is how the answer begins;
--- behind the cursor it replaces the closing brackets that the answer has itself.
local api = vim.api

local M = {}

---@param item vim.lsp.inline_completion.Item
local function on_accept(item)
  local insert = item.insert_text
  if type(insert) ~= 'string' then
    return
  end
  local bufnr = api.nvim_get_current_buf()
  local at = api.nvim_win_get_cursor(0)
  local row, col = at[1] - 1, at[2]
  local from_row, from_col = row, col
  if item.range then
    local range = item.range --[[@as table]]
    from_row = range.start_row or range.start.row
    from_col = range.start_col or range.start.col
  end
  if from_row > row or (from_row == row and from_col > col) then
    return
  end
  local typed = api.nvim_buf_get_text(bufnr, from_row, from_col, row, col, {})
  local so_far = table.concat(typed, '\n')
  local text = insert:gsub('\r\n?', '\n')
  if not vim.startswith(text, so_far) then
    return
  end
  local lines = vim.split(text:sub(#so_far + 1), '\n', { plain = true })
  local over = item.command and (item.command.arguments or {})[2] or 0
  local tail = api.nvim_get_current_line():sub(col + 1, col + over)
  if #tail ~= over or tail:find('[^%)%]}>"\'`;,%s]') then
    over = 0 -- they are not there any more
  end
  api.nvim_buf_set_text(bufnr, row, col, row, col + over, lines)
  api.nvim_win_set_cursor(0, { row + #lines, (#lines == 1 and col or 0) + #lines[#lines] })
  local client = vim.lsp.get_client_by_id(item.client_id)
  if client and item.command then
    client:exec_cmd(item.command, { bufnr = bufnr })
  end
end

---Accept what Neovim shows. For mappings, with or without the rest of this plugin: >lua
---  vim.keymap.set('i', '<Tab>', function()
---    return require('midfill.builtin').accept() and '' or '<Tab>'
---  end, { expr = true })
---<
---@return boolean # false when nothing is shown
function M.accept()
  return vim.lsp.inline_completion.get({ on_accept = on_accept })
end

---@param step integer
function M.cycle(step)
  vim.lsp.inline_completion.select({ count = step })
end

---@param bufnr integer
---@param on boolean
function M.enable(bufnr, on)
  vim.lsp.inline_completion.enable(on, { bufnr = bufnr })
end

---@return boolean
function M.is_visible()
  local namespace = api.nvim_get_namespaces()['nvim.lsp.inline_completion']
  return namespace ~= nil
    and vim.fn.pumvisible() == 0
    and #api.nvim_buf_get_extmarks(0, namespace, 0, -1, { limit = 1 }) > 0
end

return M
