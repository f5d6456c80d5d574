//! Parses `#[config(...)]` and the doc comment of a field. Every error points at the token in the source that is wrong.

use proc_macro2::TokenStream;
use quote::quote;
use syn::meta::ParseNestedMeta;
use syn::punctuated::Punctuated;
use syn::spanned::Spanned;
use syn::{
    Attribute, Error, Expr, ExprLit, ExprRange, Field, Ident, Lit, LitInt, LitStr, Meta, RangeLimits, Result, Token,
};

/// The attributes of a field.
#[derive(Default)]
pub(crate) struct Attributes {
    pub(crate) name: Option<LitStr>,
    pub(crate) default: Option<Expr>,
    pub(crate) importance: Option<TokenStream>,
    pub(crate) kind: Option<TokenStream>,
    pub(crate) validators: Vec<TokenStream>,
    /// Whether the allowed values are listed. The field can then have any type that implements `FromStr`.
    pub(crate) listed: bool,
    pub(crate) group: Option<LitStr>,
    pub(crate) order: Option<LitInt>,
    pub(crate) width: Option<TokenStream>,
    pub(crate) display_name: Option<LitStr>,
    pub(crate) dependents: Vec<LitStr>,
    pub(crate) recommended: Vec<LitStr>,
    pub(crate) internal: bool,
    pub(crate) flatten: bool,
    pub(crate) doc: String,
}

impl Attributes {
    pub(crate) fn of(field: &Field) -> Result<Attributes> {
        let mut attributes = Attributes { doc: doc(&field.attrs), ..Attributes::default() };
        for attribute in field.attrs.iter().filter(|attribute| attribute.path().is_ident("config")) {
            attribute.parse_nested_meta(|meta| attributes.read(&meta))?;
        }
        if attributes.doc.is_empty() && !attributes.flatten {
            return Err(Error::new_spanned(
                field.ident.as_ref(),
                "a configuration key needs a doc comment (`/// ...`): it is what users read about the key",
            ));
        }
        Ok(attributes)
    }

    fn read(&mut self, meta: &ParseNestedMeta<'_>) -> Result<()> {
        let Some(word) = meta.path.get_ident() else { return Err(meta.error("expected the name of an attribute")) };
        match word.to_string().as_str() {
            "name" => self.name = Some(key(meta.value()?.parse()?)?),
            "default" => self.default = Some(meta.value()?.parse()?),
            "importance" => {
                let of = [("high", quote!(High)), ("medium", quote!(Medium)), ("low", quote!(Low))];
                self.importance = Some(choose(meta, &of)?);
            }
            "kind" => {
                let of = [
                    ("boolean", quote!(Boolean)),
                    ("string", quote!(String)),
                    ("int", quote!(Int)),
                    ("short", quote!(Short)),
                    ("long", quote!(Long)),
                    ("double", quote!(Double)),
                    ("list", quote!(List)),
                    ("class", quote!(Class)),
                    ("password", quote!(Password)),
                ];
                self.kind = Some(choose(meta, &of)?);
            }
            "validator" => {
                let of = [
                    ("non_empty", quote!(NonEmptyString)),
                    ("regex", quote!(Regex)),
                    ("non_empty_list", quote!(NonEmptyList)),
                    ("non_empty_list_without_duplicates", quote!(NonEmptyListWithoutDuplicates)),
                    ("list_without_duplicates", quote!(ListWithoutDuplicates)),
                ];
                self.validators.push(choose(meta, &of)?);
            }
            "range" => {
                let content;
                syn::parenthesized!(content in meta.input);
                self.validators.push(range(&content.parse()?)?);
            }
            "one_of" | "one_of_ignoring_case" => {
                let allowed = texts(meta)?;
                let variant = if word == "one_of" { quote!(OneOf) } else { quote!(OneOfIgnoringCase) };
                self.validators.push(quote!(#variant(::std::vec![#(::std::string::String::from(#allowed)),*])));
                self.listed = true;
            }
            "group" => self.group = Some(meta.value()?.parse()?),
            "order" => self.order = Some(meta.value()?.parse()?),
            "width" => {
                let of = [("short", quote!(Short)), ("medium", quote!(Medium)), ("long", quote!(Long))];
                self.width = Some(choose(meta, &of)?);
            }
            "display_name" => self.display_name = Some(meta.value()?.parse()?),
            "dependents" => self.dependents = texts(meta)?,
            "recommended" => self.recommended = texts(meta)?,
            "internal" => self.internal = true,
            "flatten" => self.flatten = true,
            other => {
                return Err(meta.error(format_args!(
                    "unknown attribute `{other}`; the attributes are: name, default, importance, kind, validator, range, one_of, \
                     one_of_ignoring_case, group, order, width, display_name, dependents, recommended, internal, flatten"
                )));
            }
        }
        Ok(())
    }
}

/// Parses one of a set of words and returns the corresponding variant.
fn choose(meta: &ParseNestedMeta<'_>, of: &[(&str, TokenStream)]) -> Result<TokenStream> {
    let word: Ident = meta.value()?.parse()?;
    of.iter().find(|(name, _)| word == name).map(|(_, variant)| variant.clone()).ok_or_else(|| {
        let names: Vec<&str> = of.iter().map(|(name, _)| *name).collect();
        Error::new(word.span(), format_args!("`{word}` is not one of: {}", names.join(", ")))
    })
}

/// Parses a list such as `("a", "b")`.
fn texts(meta: &ParseNestedMeta<'_>) -> Result<Vec<LitStr>> {
    let content;
    syn::parenthesized!(content in meta.input);
    let texts = Punctuated::<LitStr, Token![,]>::parse_terminated_with(&content, |input| input.parse())?;
    if texts.is_empty() {
        return Err(meta.error("expected at least one text"));
    }
    Ok(texts.into_iter().collect())
}

fn key(name: LitStr) -> Result<LitStr> {
    if name.value().is_empty() {
        return Err(Error::new(name.span(), "a key cannot be empty"));
    }
    Ok(name)
}

/// Converts a range to the inclusive bounds that Kafka uses.
fn range(range: &ExprRange) -> Result<TokenStream> {
    if range.start.is_none() && range.end.is_none() {
        return Err(Error::new(range.span(), "the range has no bounds"));
    }
    let ends = [&range.start, &range.end];
    if ends.into_iter().flatten().any(|end| is_decimal(end)) {
        if range.end.is_some() && matches!(range.limits, RangeLimits::HalfOpen(_)) {
            return Err(Error::new(range.span(), "a range of decimals includes its end; write `..=`"));
        }
        let [least, most] = ends.map(|end| match end {
            Some(expr) => quote!(::std::option::Option::Some((#expr) as f64)),
            None => quote!(::std::option::Option::None),
        });
        return Ok(quote!(DoubleRange(#least, #most)));
    }
    let bound = |end: &Option<Box<Expr>>, less: i64| match end {
        Some(expr) => quote!(::std::option::Option::Some((#expr) as i64 - #less)),
        None => quote!(::std::option::Option::None),
    };
    let least = bound(&range.start, 0);
    let most = bound(&range.end, i64::from(matches!(range.limits, RangeLimits::HalfOpen(_))));
    Ok(quote!(Range(#least, #most)))
}

/// Whether this is a literal with a decimal point, with or without a sign.
fn is_decimal(expr: &Expr) -> bool {
    match expr {
        Expr::Lit(ExprLit { lit: Lit::Float(_), .. }) => true,
        Expr::Unary(unary) => is_decimal(&unary.expr),
        _ => false,
    }
}

/// Returns the doc comment as one text. Lines are joined, and paragraphs are separated by empty lines.
fn doc(attributes: &[Attribute]) -> String {
    let mut text = String::new();
    for attribute in attributes {
        let Meta::NameValue(doc) = &attribute.meta else { continue };
        let Expr::Lit(ExprLit { lit: Lit::Str(line), .. }) = &doc.value else { continue };
        if !doc.path.is_ident("doc") {
            continue;
        }
        let line = line.value();
        let line = line.trim();
        if line.is_empty() {
            text.push_str("\n\n");
        } else {
            if !text.is_empty() && !text.ends_with('\n') {
                text.push(' ');
            }
            text.push_str(line);
        }
    }
    text.trim().into()
}
