# Keeps the platform's block in files that also belong to others: replaces it, leaves every other line alone.
#
#   awk -v blocks=DIR -f blocks.awk TABLE        (rows: block file in DIR <tab> first|last <tab> target)
#
# Files are rewritten in place, so that owner, mode and links stay; one that would not change is not touched.

BEGIN {
  FS = "\t"
  opening = "# labyard: begin (written by the platform, replaced when the play changes)"
  closing = "# labyard: end"
}

{
  block = opening "\n"
  while ((getline line < (blocks "/" $1)) > 0) block = block line "\n"
  close(blocks "/" $1)
  block = block closing "\n"

  before = others = ""
  inside = 0
  while ((getline line < $3) > 0) {
    before = before line "\n"
    if (line == opening) inside = 1
    if (!inside) others = others line "\n"
    if (line == closing) inside = 0
  }
  close($3)
  after = ($2 == "first") ? block others : others block
  if (after != before) {
    printf "%s", after >$3
    close($3)
  }
}
