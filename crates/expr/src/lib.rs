//! CEL in ${{ … }} inside YAML and JSON
