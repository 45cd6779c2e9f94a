"""From weights in any format to a model that CTranslate2 loads."""
