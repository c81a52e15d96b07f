from string.templatelib import Template

name = "Ada"
template: Template = t"Hello {name}"
print(template.strings[0] + template.values[0], "from Python 3.14")
