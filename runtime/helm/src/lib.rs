//! Charts: Go templates, Sprig and Helm functions, values, charts from folders and archives.
