--- Pure text work: positions, line ends, and the pieces that can be accepted.
local M = {}

---Bytes of the character that starts with this byte; a stray byte stands for itself.
---@param lead integer
---@return integer
local function width(lead)
  if lead < 0xc0 then
    return 1
  elseif lead < 0xe0 then
    return 2
  elseif lead < 0xf0 then
    return 3
  end
  return 4
end

---Units of a position encoding that a character of this many bytes takes.
---@param bytes integer
---@param encoding string
---@return integer
local function units(bytes, encoding)
  if encoding == 'utf-8' then
    return bytes
  end
  return (encoding == 'utf-16' and bytes == 4) and 2 or 1
end

---Length of a text in the units of a position encoding.
---@param text string
---@param encoding string 'utf-8', 'utf-16' or 'utf-32'
---@return integer
function M.length(text, encoding)
  if encoding == 'utf-8' then
    return #text
  end
  local total, at = 0, 1
  while at <= #text do
    local bytes = width(text:byte(at))
    total = total + units(bytes, encoding)
    at = at + bytes
  end
  return total
end

---Byte column of a protocol position. Positions past the end mean the end.
---@param line string
---@param character integer
---@param encoding string
---@return integer
function M.byte_column(line, character, encoding)
  local seen, at = 0, 1
  while at <= #line and seen < character do
    local bytes = encoding == 'utf-8' and 1 or width(line:byte(at))
    seen = seen + units(bytes, encoding)
    at = at + bytes
  end
  return math.min(at - 1, #line)
end

---A server's text with this buffer's idea of a line end: a buffer keeps `\n` between lines
---whatever the file has, and a `\r` inside a line only where its own lines end with one.
---@param text string
---@param line string the line that the text goes into
---@return string
function M.to_buffer(text, line)
  if line:sub(-1) == '\r' then
    return text
  end
  return (text:gsub('\r\n?', '\n'))
end

---@alias midfill.Part 'all'|'line'|'word'

---The leading piece of a suggestion's rest that one key press takes.
---
---A word takes the blanks (and line ends) before it along; a line stops before its line end, so
---that the next press takes the line end and the line after it.
---@param rest string
---@param part midfill.Part
---@return string
function M.piece(rest, part)
  local piece = rest
  if part == 'word' then
    piece = vim.fn.matchstr(rest, [[^\_s*\%(\k\+\|\%(\k\@!\S\)\+\)]])
  elseif part == 'line' then
    piece = rest:match('^\n*[^\n]*')
  end
  return piece == '' and rest or piece
end

---Tabs as blanks: virtual text starts anywhere, so Neovim cannot align its tabs.
---@param text string one line
---@param column integer display column that the text starts at
---@return string
function M.expand_tabs(text, column)
  if not text:find('\t', 1, true) then
    return text
  end
  local out = {} ---@type string[]
  for chunk, tab in text:gmatch('([^\t]*)(\t?)') do
    column = column + vim.fn.strdisplaywidth(chunk, column)
    out[#out + 1] = chunk
    if tab ~= '' then
      local blanks = vim.fn.strdisplaywidth('\t', column)
      out[#out + 1] = (' '):rep(blanks)
      column = column + blanks
    end
  end
  return table.concat(out)
end

return M
