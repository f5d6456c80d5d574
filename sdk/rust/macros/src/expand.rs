//! Generates the implementation of `Config`.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{
    Data, DeriveInput, Error, Expr, ExprLit, ExprUnary, Field, Fields, GenericArgument, Lit, PathArguments, Result,
    Type,
};

use crate::attributes::Attributes;

/// Returns the code for a wrong definition: the error, and an implementation that does nothing. Without the implementation, the compiler
/// would report more errors wherever the configuration is used.
pub(crate) fn failed(input: &DeriveInput, error: Error) -> TokenStream {
    let (name, error) = (&input.ident, error.into_compile_error());
    let (generics, arguments, bounds) = input.generics.split_for_impl();
    quote! {
        #error

        #[automatically_derived]
        impl #generics ::weir_sdk::config::Config for #name #arguments #bounds {
            fn keys() -> ::std::vec::Vec<::weir_sdk::config::ConfigKey> {
                ::std::unreachable!()
            }

            fn parse(
                _: &::weir_sdk::config::ConfigMap,
            ) -> ::std::result::Result<Self, ::weir_sdk::config::ConfigError> {
                ::std::unreachable!()
            }
        }
    }
}

pub(crate) fn config(input: &DeriveInput) -> Result<TokenStream> {
    let Data::Struct(data) = &input.data else {
        return Err(Error::new_spanned(&input.ident, "only a struct can be a configuration: each field is a key"));
    };
    let Fields::Named(fields) = &data.fields else {
        return Err(Error::new_spanned(&input.ident, "the fields of a configuration need names: they become its keys"));
    };
    let fields = fields.named.iter().enumerate().map(ConfigField::of).collect::<Result<Vec<_>>>()?;
    unique(&fields)?;
    let types = fields.iter().map(ConfigField::field_type);
    let keys = fields.iter().map(ConfigField::key);
    let values = fields.iter().map(ConfigField::value);
    let name = &input.ident;
    let (generics, arguments, bounds) = input.generics.split_for_impl();
    Ok(quote! {
        #[doc(hidden)]
        impl #generics #name #arguments #bounds {
            #(#types)*
        }

        #[automatically_derived]
        impl #generics ::weir_sdk::config::Config for #name #arguments #bounds {
            fn keys() -> ::std::vec::Vec<::weir_sdk::config::ConfigKey> {
                let mut keys = ::std::vec::Vec::new();
                #(#keys)*
                keys
            }

            fn parse(
                entries: &::weir_sdk::config::ConfigMap,
            ) -> ::std::result::Result<Self, ::weir_sdk::config::ConfigError> {
                let parsed = #name { #(#values),* };
                ::weir_sdk::config::check(&<Self as ::weir_sdk::config::Config>::keys(), entries)?;
                ::std::result::Result::Ok(parsed)
            }
        }
    })
}

struct ConfigField<'a> {
    field: &'a Field,
    name: String,
    attributes: Attributes,
    /// The name of the function that returns what is known about the field's type.
    type_function: Ident,
}

impl<'a> ConfigField<'a> {
    fn of((index, field): (usize, &'a Field)) -> Result<ConfigField<'a>> {
        let attributes = Attributes::of(field)?;
        let name = match (&attributes.name, &field.ident) {
            (Some(name), _) => name.value(),
            (None, Some(ident)) => ident.to_string().trim_start_matches("r#").replace('_', "."),
            (None, None) => return Err(Error::new_spanned(field, "a field needs a name: it becomes the key")),
        };
        if let Some(default) = &attributes.default {
            check_default(default, inner_option(&field.ty).unwrap_or(&field.ty), attributes.listed)?;
        }
        let type_function = format_ident!("__weir_config_field_{index}");
        Ok(ConfigField { field, name, attributes, type_function })
    }

    /// Returns whether the field is parsed with `FromStr`: the allowed values are listed, and the type is not `String` or
    /// a list.
    fn by_from_str(&self) -> bool {
        let ty = inner_option(&self.field.ty).unwrap_or(&self.field.ty);
        self.attributes.listed && !(named(ty, "String") || named(ty, "Vec"))
    }

    /// Generates the function that returns what is known about the field's type. The rest of the code requires nothing of the type,
    /// so that the compiler reports a type that cannot be used once.
    fn field_type(&self) -> TokenStream {
        let (function, ty) = (&self.type_function, &self.field.ty);
        let inner = inner_option(ty);
        let (constructor, of) = match (self.attributes.flatten, self.by_from_str(), inner) {
            (true, ..) => ("flattened", ty),
            (false, true, Some(inner)) => ("optional_from_str", inner),
            (false, true, None) => ("from_str", ty),
            (false, false, _) => ("field", ty),
        };
        let result = Ident::new(if self.attributes.flatten { "Flattened" } else { "FieldType" }, Span::call_site());
        let constructor = Ident::new(constructor, of.span());
        // Spanned as a whole, so that the compiler underlines the type in the author's struct.
        let call = quote_spanned!(of.span()=> ::weir_sdk::config::derive::#constructor::<#of>());
        quote! {
            fn #function() -> ::weir_sdk::config::derive::#result<#ty> {
                #call
            }
        }
    }

    /// Generates the definition of the key.
    fn key(&self) -> TokenStream {
        let Attributes {
            importance, kind, validators, group, order, width, display_name, dependents, recommended, ..
        } = &self.attributes;
        let function = &self.type_function;
        if self.attributes.flatten {
            return quote!(keys.extend(Self::#function().keys););
        }
        let (name, doc) = (&self.name, &self.attributes.doc);
        let kind = kind.as_ref().map_or(quote!(field.kind), of_type);
        let required = if self.attributes.default.is_some() { quote!(false) } else { quote!(!field.optional) };
        let default = option(self.default_text());
        let importance =
            importance.as_ref().map(|variant| quote!(key.importance = ::weir_sdk::config::Importance::#variant;));
        let width = width
            .as_ref()
            .map(|variant| quote!(key.width = ::std::option::Option::Some(::weir_sdk::config::Width::#variant);));
        let group = group.as_ref().map(|group| quote!(key.group = ::std::option::Option::Some(#group.into());));
        let order = order.as_ref().map(|order| quote!(key.order = ::std::option::Option::Some(#order);));
        let display_name =
            display_name.as_ref().map(|name| quote!(key.display_name = ::std::option::Option::Some(#name.into());));
        let internal = self.attributes.internal;
        quote! {
            let field = Self::#function();
            let mut key = ::weir_sdk::config::ConfigKey::new(#name, #kind, #doc);
            key.required = #required;
            key.default = #default;
            key.validators = field.validators;
            #(key.validators.push(::weir_sdk::config::Validator::#validators);)*
            #importance #width #group #order #display_name
            key.internal = #internal;
            #(key.dependents.push(#dependents.into());)*
            #(key.recommended_values.push(#recommended.into());)*
            keys.push(key);
        }
    }

    /// Generates the code that reads the field of the struct.
    fn value(&self) -> TokenStream {
        let (ident, function, name) = (&self.field.ident, &self.type_function, &self.name);
        if self.attributes.flatten {
            return quote!(#ident: (Self::#function().parse)(entries)?);
        }
        let default = match self.default_text() {
            Some(text) => quote!(::std::option::Option::Some(::std::string::String::as_str(&#text))),
            None => quote!(::std::option::Option::None),
        };
        quote!(#ident: (Self::#function().parse)(entries, #name, #default)?)
    }

    fn default_text(&self) -> Option<TokenStream> {
        self.attributes.default.as_ref().map(|expr| quote!(::std::string::ToString::to_string(&(#expr))))
    }
}

fn of_type(variant: &TokenStream) -> TokenStream {
    quote!(::weir_sdk::config::ConfigType::#variant)
}

fn option(value: Option<TokenStream>) -> TokenStream {
    value.map_or(quote!(::std::option::Option::None), |value| quote!(::std::option::Option::Some(#value)))
}

fn unique(fields: &[ConfigField<'_>]) -> Result<()> {
    for (index, field) in fields.iter().enumerate() {
        if !field.attributes.flatten && fields[..index].iter().any(|other| other.name == field.name) {
            let message = format!("two fields have the key `{}`", field.name);
            return Err(match &field.attributes.name {
                Some(name) => Error::new(name.span(), message),
                None => Error::new_spanned(&field.field.ident, message),
            });
        }
    }
    Ok(())
}

/// Returns an error if a literal obviously cannot be the default of a field of this type.
fn check_default(default: &Expr, ty: &Type, is_listed: bool) -> Result<()> {
    let literal = match default {
        Expr::Lit(ExprLit { lit, .. }) => lit,
        Expr::Unary(ExprUnary { expr, .. }) => match &**expr {
            Expr::Lit(ExprLit { lit, .. }) => lit,
            _ => return Ok(()),
        },
        _ => return Ok(()),
    };
    let (fits, wanted) = if ["i16", "i32", "i64", "u16", "u32", "u64"].iter().any(|name| named(ty, name)) {
        (matches!(literal, Lit::Int(_)), "a whole number")
    } else if named(ty, "Duration") {
        (matches!(literal, Lit::Int(_)), "a whole number of milliseconds")
    } else if named(ty, "f64") {
        (matches!(literal, Lit::Int(_) | Lit::Float(_)), "a number")
    } else if named(ty, "bool") {
        (matches!(literal, Lit::Bool(_)), "`true` or `false`")
    } else if is_listed || ["String", "Vec", "Password"].iter().any(|name| named(ty, name)) {
        (matches!(literal, Lit::Str(_)), "a text in quotes")
    } else {
        return Ok(());
    };
    if fits {
        Ok(())
    } else {
        Err(Error::new(default.span(), format_args!("the default of this field must be {wanted}")))
    }
}

/// Returns whether the last part of the type's path is this name.
fn named(ty: &Type, name: &str) -> bool {
    matches!(ty, Type::Path(path) if path.path.segments.last().is_some_and(|last| last.ident == name))
}

/// Returns the `T` of an `Option<T>`.
fn inner_option(ty: &Type) -> Option<&Type> {
    let Type::Path(path) = ty else { return None };
    let last = path.path.segments.last().filter(|last| last.ident == "Option")?;
    let PathArguments::AngleBracketed(arguments) = &last.arguments else { return None };
    match arguments.args.first() {
        Some(GenericArgument::Type(inner)) => Some(inner),
        _ => None,
    }
}
