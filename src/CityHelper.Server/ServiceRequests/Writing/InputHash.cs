using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Serialization;
using CityHelper.Engine.Schema;

namespace CityHelper.Server.ServiceRequests.Writing;

/// <summary>
/// SHA-256 of a typed input as JSON, members in the order of the class: what an idempotency key stands for. Inputs that differ only in
/// spelling have the same.
/// </summary>
internal static class InputHash
{
    private static readonly JsonSerializerOptions s_options = new() { Converters = { new OptionalConverters() } };

    /// <summary>The hash of an input.</summary>
    public static byte[] Of<TInput>(TInput input)
        where TInput : RequestInput =>
        SHA256.HashData(JsonSerializer.SerializeToUtf8Bytes<TInput>(input with { IdempotencyKey = null }, s_options));

    // A member that was left out is an empty list, and null is a list of null.
    private sealed class OptionalConverters : JsonConverterFactory
    {
        public override bool CanConvert(Type typeToConvert) =>
            typeToConvert.IsGenericType && typeToConvert.GetGenericTypeDefinition() == typeof(Optional<>);

        public override JsonConverter CreateConverter(Type typeToConvert, JsonSerializerOptions options) =>
            (JsonConverter)Activator.CreateInstance(typeof(OptionalConverter<>).MakeGenericType(typeToConvert.GenericTypeArguments))!;
    }

    private sealed class OptionalConverter<T> : JsonConverter<Optional<T>>
    {
        public override Optional<T> Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
            throw new NotSupportedException("Hashes are not read back.");

        public override void Write(Utf8JsonWriter writer, Optional<T> value, JsonSerializerOptions options) =>
            JsonSerializer.Serialize(writer, value.IsGiven ? new T[] { value.Value } : [], options);
    }
}
