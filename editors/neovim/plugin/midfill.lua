-- Defines `:Midfill` and nothing else: no server, key or autocommand exists before
-- `require('midfill').setup()`.
if vim.g.loaded_midfill then
  return
end
vim.g.loaded_midfill = true

vim.api.nvim_create_user_command('Midfill', function(call)
  require('midfill.commands').run(call.fargs)
end, {
  nargs = '*',
  desc = 'midfill: enable, disable, toggle, status, stats, log, restart',
  complete = function(_, line)
    return require('midfill.commands').complete(line)
  end,
})
