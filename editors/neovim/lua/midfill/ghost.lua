--- The picture: one extmark with the rest of a suggestion, in the current window only.
local contrast = require('midfill.contrast')
local text = require('midfill.text')

local api = vim.api
local namespace = api.nvim_create_namespace('midfill.ghost')

local hints = api.nvim_create_namespace('midfill.hint')

---What the ghost text needs at least to be read.
local LEAST_CONTRAST = 3

local M = { namespace = namespace, hints = hints }

---@type integer? the buffer that shows ghost text
local drawn_in = nil

---Keep the namespace to the current window. The call is still unofficial in Neovim; without it
---the ghost text also shows in other windows on the same buffer.
local function only_this_window()
  if api.nvim__ns_set then
    for _, each in ipairs({ namespace, hints }) do
      pcall(api.nvim__ns_set, each, { wins = { api.nvim_get_current_win() } })
    end
  end
end

---@type string? what the highlight group was linked to here
local linked = nil

---The highlight group: linked to Neovim's own where that can be read, unless the user has set it.
function M.highlight()
  local now = api.nvim_get_hl(0, { name = 'MidfillGhost' })
  if not vim.tbl_isempty(now) and now.link ~= linked then
    return
  end
  linked = 'Comment'
  for _, group in ipairs({ 'ComplHint', 'NonText' }) do
    if contrast.of(group) >= LEAST_CONTRAST then
      linked = group
      break
    end
  end
  api.nvim_set_hl(0, 'MidfillGhost', { link = linked })
end

---How many of the lines below the cursor's do not fit into the window.
---@param count integer
---@return integer
local function lines_below(count)
  local room = api.nvim_win_get_height(0) - vim.fn.winline()
  return math.max(0, count - math.max(0, room))
end

---Draw, or change in place what is drawn.
---@param bufnr integer
---@param row integer
---@param col integer byte column
---@param rest string
---@param mark? string a few characters after the text, such as ` (1/2)`
function M.show(bufnr, row, col, rest, mark)
  if drawn_in and drawn_in ~= bufnr then
    M.hide()
  end
  only_this_window()
  local lines = vim.split(rest, '\n', { plain = true })
  local before = api.nvim_buf_get_lines(bufnr, row, row + 1, true)[1]:sub(1, col)
  local first = text.expand_tabs(lines[1], vim.fn.strdisplaywidth(before))
  local virtual_text = {} ---@type [string, string][]
  if first ~= '' then
    virtual_text[1] = { first, 'MidfillGhost' }
  end
  local virtual_lines = {} ---@type [string, string][][]
  for at = 2, #lines do
    virtual_lines[at - 1] = { { text.expand_tabs(lines[at], 0), 'MidfillGhost' } }
  end
  if mark then
    local last = virtual_lines[#virtual_lines] or virtual_text
    last[#last + 1] = { mark, 'MidfillGhost' }
  end
  api.nvim_buf_set_extmark(bufnr, namespace, row, col, {
    id = 1,
    virt_text = #virtual_text > 0 and virtual_text or nil,
    virt_text_pos = 'inline',
    virt_lines = #virtual_lines > 0 and virtual_lines or nil,
    hl_mode = 'combine',
    undo_restore = false,
  })
  drawn_in = bufnr
  -- Neovim does not scroll for virtual lines, so say at the end of the line that there are more.
  api.nvim_buf_clear_namespace(bufnr, hints, 0, -1)
  local below = lines_below(#virtual_lines)
  if below > 0 then
    local hint = (' ↓ %d more %s'):format(below, below == 1 and 'line' or 'lines')
    local chunks = { { hint, 'MidfillGhost' } }
    api.nvim_buf_set_extmark(bufnr, hints, row, 0, { virt_text = chunks, virt_text_pos = 'eol' })
  end
end

function M.hide()
  if drawn_in and api.nvim_buf_is_valid(drawn_in) then
    api.nvim_buf_clear_namespace(drawn_in, namespace, 0, -1)
    api.nvim_buf_clear_namespace(drawn_in, hints, 0, -1)
  end
  drawn_in = nil
end

return M
