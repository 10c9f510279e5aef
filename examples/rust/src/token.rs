//! Access tokens by client credentials.

use std::time::{Duration, Instant};

use serde::Serialize;
use tokio::sync::Mutex;

use crate::{
    calls::{self, BoxFuture, TokenSource},
    read::{self, scalar},
};

#[derive(Serialize)]
pub struct Credentials {
    /// `https://connect.visma.com/connect/token` for the vendor's.
    #[serde(skip)]
    pub token_url: String,
    pub client_id: String,
    pub client_secret: String,
    /// That of the company; with that of the customer a token is given, which the ERP then refuses.
    pub tenant_id: String,
    pub scope: String,
}

/// Gets tokens: one request for all who wait, anew before it runs out.
pub struct Tokens {
    credentials: Credentials,
    http: reqwest::Client,
    current: Mutex<Option<Token>>,
}

struct Token {
    text: String,
    got_at: Instant,
    until: Instant,
}

impl Tokens {
    pub fn new(credentials: Credentials) -> Self {
        // It follows no redirects: the secret goes nowhere else.
        Self { credentials, http: calls::http(Duration::from_secs(30)), current: Mutex::default() }
    }

    async fn ask(&self) -> Result<Token, String> {
        #[derive(Serialize)]
        struct Form<'a> {
            grant_type: &'static str,
            #[serde(flatten)]
            credentials: &'a Credentials,
        }
        let form = Form { grant_type: "client_credentials", credentials: &self.credentials };
        let request = self.http.post(&self.credentials.token_url).form(&form);
        let response = request.send().await.map_err(|error| format!("the token endpoint: {error}"))?;
        let status = response.status();
        let body = response.text().await.map_err(|error| format!("the token endpoint: {error}"))?;
        let known = read::fields(&body).unwrap_or_default();
        let text = scalar(known.get("access_token"));
        if !status.is_success() || text.is_empty() {
            return Err(format!("the token endpoint answered {status}: {}", read::message(&body).text));
        }
        let seconds = scalar(known.get("expires_in")).parse::<f64>().ok();
        let seconds = seconds.filter(|one| one.is_finite()).unwrap_or(3600.0).clamp(0.0, 1e6);
        let got_at = Instant::now();
        Ok(Token { text, got_at, until: got_at + Duration::from_secs_f64(seconds - (seconds / 10.0).min(60.0)) })
    }
}

impl TokenSource for Tokens {
    fn token(&self, renew: bool) -> BoxFuture<'_, Result<String, String>> {
        let asked_at = Instant::now();
        Box::pin(async move {
            let mut current = self.current.lock().await;
            if let Some(token) = &*current
                && (token.got_at > asked_at || (!renew && Instant::now() < token.until))
            {
                return Ok(token.text.clone()); // also if somebody else asked meanwhile
            }
            let token = self.ask().await?;
            Ok(current.insert(token).text.clone())
        })
    }
}
