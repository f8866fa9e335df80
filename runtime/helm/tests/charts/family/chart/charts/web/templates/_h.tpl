{{- define "shared" -}}from web{{- end -}}
