--- How well a colour can be read: the contrast of WCAG, from 1 to 21.
local api = vim.api

local M = {}

---@param colour integer 0xRRGGBB
---@return number # relative luminance, 0 to 1
local function luminance(colour)
  local sum = 0
  for _, channel in ipairs({ { 65536, 0.2126 }, { 256, 0.7152 }, { 1, 0.0722 } }) do
    local part = math.floor(colour / channel[1]) % 256 / 255
    sum = sum + channel[2] * (part <= 0.04045 and part / 12.92 or ((part + 0.055) / 1.055) ^ 2.4)
  end
  return sum
end

---The contrast of a highlight group on the background of the text.
---@param group string
---@return number # 1 where the group has no colour of its own
function M.of(group)
  local colour = api.nvim_get_hl(0, { name = group, link = false }).fg
  if not colour then
    return 1
  end
  local ground = api.nvim_get_hl(0, { name = 'Normal', link = false }).bg
  ground = ground or (vim.o.background == 'dark' and 0x000000 or 0xffffff)
  local one, other = luminance(colour), luminance(ground)
  return (math.max(one, other) + 0.05) / (math.min(one, other) + 0.05)
end

return M
