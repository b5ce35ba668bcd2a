# Completion of deltad's commands, options and configuration files, for bash.

_deltad() {
  local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]}
  local command=${COMP_WORDS[1]} words=
  COMPREPLY=()
  # `=` is a word of its own to bash: --config = FILE.
  if [[ $current == = ]]; then
    current= previous=${COMP_WORDS[COMP_CWORD - 1]}
  elif [[ $previous == = ]]; then
    previous=${COMP_WORDS[COMP_CWORD - 2]}
  fi
  if ((COMP_CWORD == 1)); then
    words="serve demo check decode help version --help --version"
  else
    case $command:$previous in
      serve:--config | check:--config)
        compopt -o filenames 2>/dev/null
        local IFS=$'\n'
        # Folders to go on from, and files that can be configurations.
        COMPREPLY=($(compgen -d -- "$current"; compgen -f -X '!*.json5' -- "$current"))
        return
        ;;
      decode:--chunk-size | decode:--split-at) return ;;
      serve:* | check:*) words="--config --help" ;;
      demo:*) words="--help" ;;
      decode:*) words="--chunk-size --split-at --help" ;;
    esac
  fi
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}

complete -F _deltad deltad
