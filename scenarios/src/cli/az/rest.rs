//! `az rest`.

use super::Translate;
use super::names::Names;
use crate::az::{Fault, Request};
use clap::Args;
use serde_json::Value;
use std::path::PathBuf;
use topologies::read_files;

#[derive(Debug, Args)]
pub(super) struct RestArgs {
    /// Names the HTTP method: get or post.
    #[arg(short, long, default_value = "get")]
    method: String,
    /// Gives the address, with or without `https://management.azure.com` in front.
    #[arg(short, long, visible_alias = "url")]
    uri: String,
    /// Gives the body as JSON, or as @FILE that holds it.
    #[arg(short, long)]
    body: Option<String>,
    /// Adds words after the question mark, each as KEY=VALUE.
    #[arg(long, visible_alias = "url-parameters", num_args = 1.., value_name = "KEY=VALUE")]
    uri_parameters: Vec<String>,
    /// Is taken and not used: nothing is sent anywhere.
    #[arg(long, num_args = 1.., value_name = "KEY=VALUE")]
    headers: Vec<String>,
}

impl Translate for RestArgs {
    fn group(&self) -> Option<&str> {
        None
    }

    fn request(&self, _: &Names<'_>) -> Result<Request, Fault> {
        let mut uri = self.uri.clone();
        for parameter in &self.uri_parameters {
            uri.push(if uri.contains('?') { '&' } else { '?' });
            uri.push_str(parameter);
        }
        let body = self.body.as_deref().map(body).transpose()?;
        Ok(Request { method: self.method.clone(), uri, body })
    }
}

fn body(text: &str) -> Result<Value, Fault> {
    let wrong =
        |message: String| Fault::Question { message, help: "--body takes JSON, or @FILE with JSON in it".to_owned() };
    let read = match text.strip_prefix('@') {
        Some(path) => {
            let files = read_files(&[PathBuf::from(path)]).map_err(|error| wrong(error.to_string()))?;
            files.into_iter().next().map(|file| file.bytes).unwrap_or_default()
        }
        None => text.as_bytes().to_vec(),
    };
    serde_json::from_slice(&read).map_err(|error| wrong(format!("the body is no JSON: {error}")))
}
