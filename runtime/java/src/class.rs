//! The Java classes in which Kafka Connect holds values. Its messages about values contain their names.

/// The class of a value that is not null.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// INT8
    Byte,
    /// INT16
    Short,
    /// INT32
    Integer,
    /// INT64, and integers in JSON without a schema.
    Long,
    /// FLOAT32
    Float,
    /// FLOAT64, and all other numbers in JSON without a schema.
    Double,
    /// BOOLEAN
    Boolean,
    /// STRING
    String,
    /// BYTES
    Bytes,
    /// Decimal
    BigDecimal,
    /// Date, Time and Timestamp
    Date,
    /// ARRAY
    List,
    /// MAP, and objects in JSON without a schema.
    Map,
    /// STRUCT
    Struct,
}

impl Class {
    /// Returns the name that `Class.getName` returns.
    pub const fn name(self) -> &'static str {
        match self {
            Class::Byte => "java.lang.Byte",
            Class::Short => "java.lang.Short",
            Class::Integer => "java.lang.Integer",
            Class::Long => "java.lang.Long",
            Class::Float => "java.lang.Float",
            Class::Double => "java.lang.Double",
            Class::Boolean => "java.lang.Boolean",
            Class::String => "java.lang.String",
            Class::Bytes => "[B",
            Class::BigDecimal => "java.math.BigDecimal",
            Class::Date => "java.util.Date",
            Class::List => "java.util.ArrayList",
            Class::Map => "java.util.HashMap",
            Class::Struct => "org.apache.kafka.connect.data.Struct",
        }
    }
}
