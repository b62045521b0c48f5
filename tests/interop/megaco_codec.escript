#!/usr/bin/env escript
%% -*- erlang -*-
%%! +sbt tnnps -kernel logger_level error
%% An independent H.248 codec as judge: Erlang/OTP megaco.
%%
%%   megaco_codec.escript text|ber FILE
%%
%% FILE holds messages, each behind its length in four octets.  Standard output gets, for each of them and in
%% order, framed the same way: the message as OTP encodes it again (text: pretty, then compact; ber: ber), or
%% nothing and the reason when OTP refuses it.
-mode(compile).

main([Kind, File]) ->
    {ok, Data} = file:read_file(File),
    ok = io:setopts(standard_io, [{encoding, latin1}, binary]),
    [judge(Kind, Message) || Message <- split(Data)].

split(<<>>) -> [];
split(<<Size:32, Message:Size/binary, Rest/binary>>) -> [Message | split(Rest)].

judge("text", Message) ->
    case catch megaco_pretty_text_encoder:decode_message([], dynamic, Message) of
        {ok, Term} ->
            put_frame(again(megaco_pretty_text_encoder, Term)),
            put_frame(again(megaco_compact_text_encoder, Term));
        Reason -> refuse(Reason)
    end;
judge("ber", Message) ->
    case catch megaco_binary_encoder:decode_message([native], dynamic, Message) of
        {ok, Term} ->
            put_frame(again(megaco_binary_encoder, [native], Term)),
            put_frame(<<>>);
        Reason -> refuse(Reason)
    end.

again(Module, Term) -> again(Module, [], Term).
again(Module, Options, Term) ->
    case catch Module:encode_message(Options, version(Term), Term) of
        {ok, Octets} -> iolist_to_binary(Octets);
        Reason -> iolist_to_binary(io_lib:format("? cannot encode ~P", [Reason, 60]))
    end.

version({'MegacoMessage', _, {'Message', Version, _, _}}) -> Version.

refuse(Reason) ->
    put_frame(<<>>),
    put_frame(iolist_to_binary(io_lib:format("~P", [Reason, 60]))).

put_frame(Octets) -> file:write(standard_io, [<<(byte_size(Octets)):32>>, Octets]).
